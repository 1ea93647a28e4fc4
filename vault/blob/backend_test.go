package blob_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tutela/fault"
	"tutela/vault/blob"
	"tutela/vault/blob/blobtest"
	"tutela/vault/s3test"
)

func TestFolder(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Backend {
		b, err := blob.OpenBackend(t.Context(), filepath.Join(t.TempDir(), "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

func TestFolderImmutable(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Backend {
		dir := t.TempDir()
		b, err := blob.Folder(dir, blob.FolderOptions{Immutable: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // or the test's folder could not be removed
			for info, err := range b.List(context.Background()) {
				if err == nil {
					b.Delete(context.Background(), info.Name)
				}
			}
		})
		return b
	})
}

// TestImmutableFlag opts in the way that an officer does, and finds the flag on
// the disk: not even its owner can remove an object, and Delete still can.
func TestImmutableFlag(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	b, err := blob.OpenBackend(t.Context(), dir+"?immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "abcdef", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(dir, "ab", "c", "abcdef")
	t.Cleanup(func() { b.Delete(context.Background(), "abcdef") })
	if err := os.Remove(p); err == nil {
		t.Skip("this file system, or this user, has no immutable flag")
	}
	if err := os.WriteFile(p, []byte("y"), 0o600); err == nil {
		t.Error("an immutable object was written to")
	}
	plain, err := blob.OpenBackend(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Delete(t.Context(), "abcdef"); err != nil {
		t.Errorf("a store opened without the option cannot delete: %v", err)
	}
	if _, err := os.Stat(p); err == nil {
		t.Error("the object is still there")
	}
}

func TestS3(t *testing.T) {
	location := s3test.Location(t)
	n := 0
	blobtest.Run(t, func(t *testing.T) blob.Backend {
		n++
		b, err := blob.OpenBackend(t.Context(), strings.Replace(location, "?", "/case"+string(rune('a'+n))+"?", 1))
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	t.Run("NoCredentialInErrors", func(t *testing.T) { credentials(t, location) })
}

func credentials(t *testing.T, location string) {
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("somebody", "very-secret-word")
	for _, bad := range []string{u.String(), strings.Replace(location, "/evidence", "/nothing-here", 1),
		"s3://a:very-secret-word@127.0.0.1:1/bucket?insecure=1", "s3://a:very-secret-%zz@127.0.0.1/b"} {
		_, err := blob.OpenBackend(t.Context(), bad)
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(fault.HintOf(err), "very-") {
			t.Errorf("error %v", err)
		}
	}
}

func TestFolderSweepsOldTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	tmp := filepath.Join(dir, "tmp")
	for _, n := range []string{"batch-old", "batch-new"} {
		if err := os.MkdirAll(filepath.Join(tmp, n), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-72 * time.Hour)
	os.Chtimes(filepath.Join(tmp, "batch-old"), old, old)
	if _, err := blob.Folder(dir, blob.FolderOptions{}); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(tmp)
	if len(left) != 1 || left[0].Name() != "batch-new" {
		t.Errorf("left: %v", left)
	}
}

func TestFolderIsReadOnlyOnDisk(t *testing.T) {
	dir := t.TempDir()
	b, err := blob.Folder(dir, blob.FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "abcdef", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(filepath.Join(dir, "ab", "c", "abcdef"))
	if err != nil || st.Mode().Perm() != 0o400 {
		t.Errorf("%v %v", st, err)
	}
}
