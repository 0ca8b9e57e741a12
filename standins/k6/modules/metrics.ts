import { writeLog } from "../log-line.ts";
import type { MetricType } from "../protocol.ts";
import { type K6Module, type VuContext } from "../vu/vu-context.ts";

/** The module `k6/metrics`: custom metrics. */
export const metricsModule: K6Module = (vu) => {
  const declared = new Map<string, MetricType>();
  return {
    Counter: metricClass(vu, "counter", declared),
    Gauge: metricClass(vu, "gauge", declared),
    Rate: metricClass(vu, "rate", declared),
    Trend: metricClass(vu, "trend", declared),
  };
};

function metricClass(vu: VuContext, type: MetricType, declared: Map<string, MetricType>) {
  return class {
    readonly name: string;

    constructor(name: string, isTime = false) {
      if (vu.phase !== "init") throw vu.realm.error("metrics must be declared in the init context");
      if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
        throw vu.realm.error(`invalid metric name: '${name}'`);
      const known = declared.get(name) ?? type;
      if (known !== type) {
        throw vu.realm.error(
          `metric '${name}' already exists but with type ${known}, instead of ${type}`,
        );
      }
      declared.set(name, type);
      this.name = name;
      vu.link.tell({ note: "metric", name, type, isTime });
    }

    add(value: number | boolean, tags?: object): boolean {
      if (vu.phase === "init")
        throw vu.realm.error("metrics can't be added to in the init context");
      const number = typeof value === "boolean" ? Number(value) : value;
      if (typeof number !== "number" || Number.isNaN(number)) {
        const message =
          `'${String(value)}' is an invalid value for metric '${this.name}', ` +
          "a number or a boolean value is expected";
        if (vu.options.throw) throw vu.realm.error(message);
        writeLog(vu.log, "warning", message, {});
        return false;
      }
      vu.link.tell({ note: "sample", metric: this.name, value: number, tags: vu.tags(tags) });
      return true;
    }
  };
}
