package whatsapp

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead checks what must hold for any bytes: no panic, records that cover the
// file without gaps, valid text, no invented zone.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "\ufeff", "13/03/2025, 10:00 - Ada: x\n", "[13/03/2025, 10:00:01] A: \u200ex\r\n",
		"[٤\u200f/٣\u200f/٢٠٢٣، ٨:٠٥:٠٧\u00a0ص] A: x\r\n", "2023/3/4 上午8:05 - A: x\n", "[3/4/R5, 08:05:07] A: x\r\n",
		"1/2/23, 3:04 - A: a.jpg (file attached)\n", "13. 6. 2018. 21:25:15 a: m"} {
		f.Add([]byte(s))
	}
	root := os.Getenv("TUTELA_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	files, _ := filepath.Glob(filepath.Join(root, "whatsapp", "synthetic", "*", "*.txt"))
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && len(b) < 2000 {
			f.Add(b)
		}
	}
	f.Fuzz(covered)
}
