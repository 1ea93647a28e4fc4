// Package tips keeps what somebody sent: a mail or form that may start a case.
// It promises that a tip with a child at risk now stands above every other and
// that no tip is lost because it could not be parsed; it never shows who sent
// a protected one.
package tips
