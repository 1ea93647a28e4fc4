// Package engine is the raw database underneath package db: connections,
// dialects, migrations and transactions. It promises that both dialects see the
// same SQL; it can be imported below vault only, so it never lets anything
// above write without an act.
package engine

// Key opens the raw side of a db.Store. A value of it can be named only by
// packages below vault.
type Key struct{ below struct{} }
