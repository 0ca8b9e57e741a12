import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";

import { MODULES } from "../modules/modules.ts";
import type { VuContext } from "./vu-context.ts";

/**
 * Runs the init context of the script in its realm.
 *
 * @returns the script's exports
 * @throws the exception of the script, or an Error that names a module or export the double lacks
 */
export async function loadScript(vu: VuContext): Promise<Record<string, unknown>> {
  const { context } = vu.realm;
  const { path, sources } = vu.data.script;
  const made = new Map<string, Promise<vm.Module>>();
  const once = (name: string, make: () => vm.Module | Promise<vm.Module>): Promise<vm.Module> => {
    const module = made.get(name) ?? Promise.resolve(make());
    made.set(name, module);
    return module;
  };
  const fileModule = (file: string): vm.SourceTextModule =>
    new vm.SourceTextModule(sources[file] ?? "", {
      context,
      identifier: pathToFileURL(file).href,
      importModuleDynamically: (specifier) => {
        throw vu.realm.error(
          `k6-double: the script imports "${specifier}" dynamically, which is not in the double`,
        );
      },
    });
  const script = fileModule(path);
  made.set(path, Promise.resolve(script));
  await script.link((specifier, { identifier }) => {
    if (!specifier.startsWith(".")) return once(specifier, () => k6Module(vu, specifier, context));
    const file = resolve(dirname(fileURLToPath(identifier)), specifier);
    return once(file, () => fileModule(file));
  });
  await script.evaluate();
  return script.namespace as Record<string, unknown>;
}

async function k6Module(vu: VuContext, specifier: string, context: vm.Context): Promise<vm.Module> {
  const load = Object.hasOwn(MODULES, specifier) ? MODULES[specifier] : undefined;
  if (load === undefined) {
    const known = Object.keys(MODULES).join(", ");
    throw new Error(
      `k6-double: the script imports "${specifier}", which is not in the double (it has ${known})`,
    );
  }
  const exports = (await load())(vu);
  // The linker refuses a missing named import; this refuses a missing name of a default export.
  const all = new Proxy(exports, {
    get(target, name) {
      if (typeof name === "symbol" || name === "then" || Object.hasOwn(target, name))
        return Reflect.get(target, name) as unknown;
      throw vu.realm.error(`k6-double: "${name}" of ${specifier} is not in the double`);
    },
  });
  const names = Object.keys(exports);
  return new vm.SyntheticModule(
    [...names, "default"],
    function () {
      for (const name of names) this.setExport(name, exports[name]);
      this.setExport("default", all);
    },
    { context, identifier: specifier },
  );
}
