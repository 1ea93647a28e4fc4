// Package archive lists the members of zip, tar and gzip files and opens them
// within bounds. It promises that hostile archives end in findings and bounded
// reads, and that no name it returns leaves the place it is put in; it never
// writes, never follows a link and never decrypts.
//
// Zip is read by its own directory walk (APPNOTE.TXT 6.3.10), because overlapping
// members, damaged directories and name encodings have to be seen; when the
// directory is damaged, members are salvaged by their local headers.
package archive
