// Package staff knows who works here and whom we write to: officers with their
// keys and roles, the own agency and the directory of foreign ones. It promises
// that a right is granted by a recorded role and a foreign key is used only
// after two officers confirmed its fingerprint; it never holds a private key
// and never accepts a typed name as an identity.
package staff
