// Package engine is the raw database underneath package db: connections,
// dialects, migrations and transactions. It can be imported below vault only,
// so that nothing above can write without an act.
package engine

// Key opens the raw side of a db.Store. A value of it can be named only by
// packages below vault.
type Key struct{ below struct{} }
