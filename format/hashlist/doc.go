// Package hashlist reads lists of digests and perceptual hashes as agencies
// exchange them: CSV with a header, one hash a line, and the VICS JSON of
// Project VIC (data models 1.2, 1.3 and 2.0). It promises to read lists of any
// length in little memory, to name the place of each value that it rejects, and
// to end a damaged list with an error; it never guesses what a column or a
// category number means, and never says that half of a list is a list.
package hashlist
