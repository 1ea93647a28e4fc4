// Package jpeg decodes baseline and progressive JPEG (ITU-T T.81) to the very
// pixels that libjpeg-turbo gives by default: accurate integer IDCT, triangle
// filter for chroma, 16-bit fixed-point colours. It promises that a scan that
// ends early or holds nonsense still gives all that stands before it, with a
// note; it never decodes arithmetic, lossless, hierarchical or 12-bit files and
// never smooths the blocks of an unfinished progressive file, as libjpeg does.
package jpeg
