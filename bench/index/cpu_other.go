//go:build !unix

package main

import "time"

// cpu stands in with the clock.
func cpu() time.Duration { return time.Duration(time.Now().UnixNano()) }
