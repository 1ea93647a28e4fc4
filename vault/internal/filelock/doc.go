// Package filelock keeps two processes from one directory. It promises that a lock
// ends with its process; it never waits.
package filelock
