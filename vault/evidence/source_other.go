//go:build !unix

package evidence

import "os"

// openSource opens a file of the evidence for reading.
func openSource(abs string) (*os.File, error) { return os.Open(abs) }
