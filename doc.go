// Package tutela is the root of the module: it holds no code, only the tests
// that keep the house in order. It promises that ARCHITECTURE.md and the style
// table are true of every commit; it never runs anything else.
package tutela
