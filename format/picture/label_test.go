package picture

import (
	"slices"
	"strings"
	"testing"
)

func TestParts(t *testing.T) {
	for label, want := range map[string]string{
		"ref512": "ref512", "white-up512": "white up512", "white-crop-ref512": "white-crop ref512",
		"white-crop-upright-frame12-ref512": "white-crop upright frame12 ref512", "upright-full": "upright full",
	} {
		if got := Parts(label); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q", label, got)
		}
		if got := strings.Join(Parts(label), "-"); got != label {
			t.Errorf("%s: together %s", label, got)
		}
	}
}
