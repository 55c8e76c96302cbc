/** Keeps the last result for as long as the arguments are the same. */
export function memoized<A extends readonly unknown[], R>(compute: (...args: A) => R): (...args: A) => R {
  let last: { readonly args: A; readonly result: R } | null = null;
  return (...args) => {
    if (last?.args.every((arg, index) => Object.is(arg, args[index])) !== true)
      last = { args, result: compute(...args) };
    return last.result;
  };
}
