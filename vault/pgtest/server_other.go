//go:build !unix

package pgtest

// start gives up: the server's keeper is a shell script.
func start() (string, error) { return "", errMissing }
