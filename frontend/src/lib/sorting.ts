export type SortDirection = "ascending" | "descending";

export interface Sort<K extends string> {
  readonly key: K;
  readonly direction: SortDirection;
}

export type SortValue = number | string | null;

/** What a click on a column's header sorts by next: the other way round, or the column's natural first direction. */
export function nextSort<K extends string>(current: Sort<K>, key: K, first: SortDirection): Sort<K> {
  if (current.key !== key) return { key, direction: first };
  return { key, direction: current.direction === "ascending" ? "descending" : "ascending" };
}

/** A sorted copy. Stable; what was not recorded comes last in either direction. */
export function sorted<T>(items: readonly T[], value: (item: T) => SortValue, direction: SortDirection): readonly T[] {
  const sign = direction === "ascending" ? 1 : -1;
  return items
    .map((item) => ({ item, key: value(item) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) return a.key === b.key ? 0 : a.key === null ? 1 : -1;
      return sign * compare(a.key, b.key);
    })
    .map(({ item }) => item);
}

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function compare(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return COLLATOR.compare(String(a), String(b));
}
