// Limits that whoever runs the kernel may set in its environment.

/** A number above 0; `usual` where the variable says nothing else. */
export function fromEnvironment(name: string, usual: number): number {
  const value = Number(process.env[name]);
  return value > 0 ? value : usual;
}
