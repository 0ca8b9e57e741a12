const EVENT_STREAM = /^text\/event-stream\s*(;|$)/i;

/** Why an answer is no event stream (WHATWG HTML, 9.2.3); undefined when it is one. */
export const refusalOf = (status: number, contentType: string): string | undefined => {
  if (status !== 200) return `status ${status}`;
  return EVENT_STREAM.test(contentType) ? undefined : `content type ${contentType || "missing"}`;
};
