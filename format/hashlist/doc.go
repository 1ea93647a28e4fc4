// Package hashlist reads lists of digests and perceptual hashes as agencies
// exchange them, and writes two of the forms: CSV with a header or a mapping, one
// hash a line, hashdeep, the VICS JSON of Project VIC (data models 1.2, 1.3 and
// 2.0), the ICSE CSV, pages of NCMEC hash sharing, of StopNCII and of Tech Against
// Terrorism, and the NSRL's RDS as database or SQL text. It promises to read lists
// of any length in little memory, to name the place of each value that it rejects,
// and to end a damaged list with an error; it never guesses what a column or a
// category number means, never runs what a list contains, and never says that half
// of a list is a list.
package hashlist
