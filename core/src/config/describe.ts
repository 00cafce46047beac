type Description = Pick<DescribedKey, 'text' | 'group'>;

const descriptions = new WeakMap<object, Map<string, Description>>();

/**
 * Says what a config key means, for `--help`, error messages and the generated config reference. Every key has one.
 * @param group the config class of a key that holds a group of keys
 */
export function Describe(text: string, group?: new () => object): PropertyDecorator {
  return (prototype, key) => {
    const map = descriptions.get(prototype) ?? new Map<string, Description>();
    descriptions.set(prototype, map.set(String(key), { text, group }));
  };
}

/** A mark for config keys: the decorator that sets it, and who has it in a config class, base classes first. */
function keyMark(): [mark: () => PropertyDecorator, keysOf: (configClass: new () => object) => string[]] {
  const marked = new WeakMap<object, Set<string>>();
  return [
    () => (prototype, key) => {
      marked.set(prototype, (marked.get(prototype) ?? new Set<string>()).add(String(key)));
    },
    (configClass) => chainOf(configClass).flatMap((prototype) => [...(marked.get(prototype) ?? [])]),
  ];
}

/**
 * Marks a config key that holds the path of a file or folder, or a group of such: a saved model finds the file again when it
 * is loaded from another working directory. `keysOfFiles` gives those of a class.
 */
export const [NamesFile, keysOfFiles] = keyMark();

/**
 * Marks a config key that says how something outside is reached, not what it gives, such as the address of a service: it may
 * be set anew when a saved model is loaded. `keysOfReach` gives those of a class.
 */
export const [Reaches, keysOfReach] = keyMark();

export interface DescribedKey {
  readonly key: string;
  readonly text: string;
  /** The default, undefined for a required or an optional key. */
  readonly value: unknown;
  /** The config class of the keys inside, if it holds a group of keys. */
  readonly group?: new () => object;
}

/** @returns the keys of a config class with text and default, base classes first. */
export function describedKeys(configClass: new () => object): DescribedKey[] {
  const defaults = new configClass() as Record<string, unknown>;
  const keys = new Map<string, Description>();
  for (const prototype of chainOf(configClass))
    descriptions.get(prototype)?.forEach((description, key) => keys.set(key, description));
  return [...keys].map(([key, description]) => ({ key, ...description, value: defaults[key] }));
}

/** The prototypes of a class, base classes first. */
function chainOf(configClass: new () => object): object[] {
  const chain: object[] = [];
  for (
    let p: object | null = configClass.prototype as object;
    p && p !== Object.prototype;
    p = Object.getPrototypeOf(p) as object | null
  )
    chain.unshift(p);
  return chain;
}
