// Package picture turns the bytes of a picture file (JPEG, PNG, GIF, WebP, BMP,
// TIFF), with all its frames or pages, into plain 8-bit pixels in one normal form,
// and into labelled perceptual hashes. It promises that a header is judged before
// a pixel is decoded and that damage becomes a finding; it never decodes raw
// camera formats, never calls a system library, and is meant to run where hostile
// bytes can do no harm.
package picture
