package evidence_test

import (
	"testing"

	"tutela/vault/evidence"
)

// BenchmarkSealSmall seals 3,000 small files in a new site each time.
func BenchmarkSealSmall(b *testing.B) {
	dir, _ := tree(b, 3000)
	for name, inPlace := range map[string]bool{"inplace": true, "copy": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := newSite(b, "")
				b.StartTimer()
				s.seal(b, evidence.Order{Path: dir, InPlace: inPlace})
			}
		})
	}
}
