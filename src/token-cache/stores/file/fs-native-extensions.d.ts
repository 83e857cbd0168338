/** Of what the package exports, what the hub uses. It brings no types. */
declare module 'fs-native-extensions' {
  const locks: {
    /** An exclusive lock on all of the file, of the kernel's, until it is closed. `false`: another has it. */
    tryLock(fd: number): boolean;
  };
  export default locks;
}
