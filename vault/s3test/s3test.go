// Package s3test starts a real S3 server for tests: versitygw over a temporary
// folder. It promises an empty bucket for each call and that the server ends
// with the test; it never talks to a server on the network.
package s3test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const access, secret = "tutela-test", "only-for-tests"

// Program finds versitygw: $TUTELA_VERSITYGW, PATH, or the bin folder of GOPATH.
func Program() (string, bool) {
	if p := os.Getenv("TUTELA_VERSITYGW"); p != "" {
		return p, true
	}
	if p, err := exec.LookPath("versitygw"); err == nil {
		return p, true
	}
	out, err := exec.Command("go", "env", "GOPATH").Output()
	if err != nil {
		return "", false
	}
	p := filepath.Join(strings.TrimSpace(string(out)), "bin", "versitygw")
	_, err = os.Stat(p)
	return p, err == nil
}

// Location starts a server and returns the location of an empty bucket for
// blob.OpenBackend. The server is stopped, by its process id, when the test
// ends. Without versitygw the test is skipped, or fails when
// TUTELA_REQUIRE_SERVERS is 1.
func Location(t testing.TB) string {
	t.Helper()
	program, ok := Program()
	if !ok {
		const msg = "versitygw is not installed: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0"
		if os.Getenv("TUTELA_REQUIRE_SERVERS") == "1" {
			t.Fatal(msg)
		}
		t.Skip(msg)
	}
	data := t.TempDir()
	if err := os.Mkdir(filepath.Join(data, "evidence"), 0o700); err != nil { // a folder is a bucket
		t.Fatal(err)
	}
	addr := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--port", addr, "--access", access, "--secret", secret, "--quiet",
		"posix", data)
	log := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = log, log
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatalf("versitygw: %v", err)
	}
	t.Cleanup(func() { stop(); cmd.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			stop()
			cmd.Wait()
			t.Fatalf("versitygw does not listen: %s", log)
		}
	}
	return fmt.Sprintf("s3://%s:%s@%s/evidence?insecure=1", access, secret, addr)
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
