// Imported before the library, which prints advice for productive operation; standard output belongs to the ready line.

console.info = () => {};
console.warn = () => {};
