// Package blob keeps content: encrypted at rest, one data key for each object,
// readable at random, in a folder or an S3 bucket (docs/formats/blob.md). It
// promises that what it returns is what was written, or an error; it never
// stores a byte in the clear and never overwrites an object.
package blob
