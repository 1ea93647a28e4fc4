//go:build cgo

package contain

// cLibrary is true when the test program links the C library, as package net
// makes it do where cgo is not switched off.
const cLibrary = true
