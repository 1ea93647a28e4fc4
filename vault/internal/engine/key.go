// Package engine is the raw database underneath package db: connections,
// dialects, migrations and transactions. It promises that both dialects see the
// same SQL; it can be imported below vault only, so it never lets anything
// above write without an act.
package engine

// Key opens the raw side of a db.Store. It can be named only by packages below
// vault; a value that was come by without the name (a type parameter inferred
// from a method) is the zero Key, which opens nothing.
type Key struct{ below bool }

// Below returns the key.
func Below() Key { return Key{below: true} }

// Opens reports whether k came from Below.
func (k Key) Opens() bool { return k.below }
