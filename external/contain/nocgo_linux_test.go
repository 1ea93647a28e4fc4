//go:build !cgo

package contain

// cLibrary is false for programs as we build them: nothing foreign may be
// mapped.
const cLibrary = false
