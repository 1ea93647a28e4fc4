// Command tutela takes tips and lawfully seized evidence in and cuts one
// correct, minimal, signed referral for each country concerned. It holds verbs
// and wiring only; it promises that every verb works without a terminal and
// never makes a network call that the user did not configure.
package main
