// Package engine is the raw database underneath package db: connections,
// dialects, migrations and transactions. It promises that both dialects see the
// same SQL; it can be imported below vault only, so it never lets anything
// above write without an act.
package engine

// Locked holds a value that can be taken out below vault only: Unlock is not a
// method, so that whoever cannot import this package cannot call it, not even
// by the inference of a type parameter.
type Locked[T any] struct{ held T }

// Lock puts a value away.
func Lock[T any](v T) Locked[T] { return Locked[T]{v} }

// Unlock takes it out.
func Unlock[T any](l Locked[T]) T { return l.held }
