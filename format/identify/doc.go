// Package identify tells what a file is by its first bytes. It promises that the
// content decides and the name only breaks ties between text forms; it never
// decodes the content, and it marks camera raw files as not to be decoded.
package identify
