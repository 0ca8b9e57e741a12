/** Health endpoints, and what they prove. */
import type { ConformanceCase } from "../conformance-case.ts";
import { anything, containing, oneOf } from "../pattern.ts";

const NOBODY = "sse-lab-conformance-nobody";

export const healthCases: readonly ConformanceCase[] = [
  {
    id: "health-process",
    section: "§5.2",
    title: "/healthcheck answers 200 ok, for any host name and without a key",
    needs: ["bare"],
    run: [{ http: "GET", path: "/healthcheck", token: null, tenant: NOBODY, status: 200, answers: "ok" }],
  },
  {
    id: "health-ping",
    section: "§5.2",
    title: "/api/ping answers 200 where the host name is a tenant's",
    needs: ["bare"],
    run: [{ http: "GET", path: "/api/ping", token: null, status: 200, answers: { message: "Success" } }],
  },
  {
    id: "health-ping-nobody",
    section: "§5.2",
    title: "/api/ping answers 401 where it is no tenant's",
    needs: ["bare"],
    run: [{ http: "GET", path: "/api/ping", token: null, tenant: NOBODY, status: 401 }],
  },
  {
    id: "health-tenant",
    section: "§5.2",
    title: "the health of a tenant answers 200 with its state, whatever that is",
    needs: ["bare"],
    run: [
      {
        http: "GET",
        path: "/api/tenants/<tenant>/health",
        status: 200,
        answers: {
          data: containing({
            healthy: oneOf(true, false),
            db_connected: oneOf(true, false),
            connected_cluster: anything,
          }),
        },
      },
    ],
  },
  {
    id: "health-tenant-no-token",
    section: "§5.2",
    title: "the health of a tenant is refused with 403 without a token",
    needs: ["bare"],
    run: [{ http: "GET", path: "/api/tenants/<tenant>/health", token: null, status: 403 }],
  },
  {
    id: "health-tenant-nobody",
    section: "§5.2",
    title: "the health of no tenant answers 404",
    needs: ["bare"],
    run: [{ http: "GET", path: `/api/tenants/${NOBODY}/health`, status: 404 }],
  },
];
