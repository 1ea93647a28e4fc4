// Package demo makes a synthetic operation to try Tutela on: chat groups with
// members of eleven countries, a tip mail, a seized folder and a hash list, all
// from fixed seeds and neutral pictures (hills, patterns, noise, geometric
// stickers). It promises the same bytes for the same scale; it never makes
// anything that resembles evidence of abuse, and people in it do not exist.
package demo
