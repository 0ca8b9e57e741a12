/** An event that another instance would publish of this session, outside of its run. */
export const foreignEvent = (sessionId: string) => ({
  type: "replan",
  sessionId,
  epoch: "abc",
  seq: 1,
  total: 0,
  instance: "another",
  intendedMs: 1,
  publishedMs: 1,
  payload: {},
});
