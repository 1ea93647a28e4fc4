package matching

import "testing"

// TestTiersOfVariants keeps hashes of prepared pictures out of the confident tier.
func TestTiersOfVariants(t *testing.T) {
	for _, c := range []struct {
		variant  string
		side     int
		distance int
		want     Tier
	}{
		{"ref512", 500, 10, Same},
		{"upright-full", 500, 20, Likely},
		{"full", 500, 21, ToReview},
		{"frame7-ref512", 500, 16, Likely},
		{"up512", 96, 10, Same},
		{"upright-up512", 96, 12, ToReview},
		{"white-ref512", 512, 12, ToReview},
		{"white-crop-frame3-ref512", 512, 4, Same},
		{"ref512", 31, 2, ToReview},
	} {
		p := Print{Variant: c.variant, Width: c.side, Height: c.side}
		if got := tierOf(p, c.distance); got != c.want {
			t.Errorf("%s of side %d at %d bits: %s, want %s", c.variant, c.side, c.distance, got, c.want)
		}
	}
}
