package keys

import (
	"crypto/ed25519"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"tutela/fault"
)

// FromAgent holds a key of the SSH agent that listens on the Unix socket
// (SSH_AUTH_SOCK), chosen by its fingerprint; "" chooses the only Ed25519 key.
// The key never leaves the agent; the agent is asked anew for each signature.
func FromAgent(socket, fingerprint string) (Private, error) {
	if socket == "" {
		return nil, fault.Hint(fault.New(fault.NotFound, "keys: no SSH agent is running"), "Start one with ssh-agent, or give a key file with --key.")
	}
	var found []*agent.Key
	err := withAgent(socket, func(a agent.Agent) error {
		list, err := a.List()
		for _, k := range list {
			if k.Format == ssh.KeyAlgoED25519 && (fingerprint == "" || ssh.FingerprintSHA256(k) == fingerprint) {
				found = append(found, k)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		err := fault.New(fault.NotFound, "keys: the SSH agent holds %d matching Ed25519 keys", len(found))
		return nil, fault.Hint(err, "Name one by its fingerprint (ssh-add -l shows them).")
	}
	pub, err := ssh.ParsePublicKey(found[0].Marshal())
	if err != nil {
		return nil, fault.New(fault.Outside, "keys: agent: %w", err)
	}
	crypto, ok := pub.(ssh.CryptoPublicKey)
	if !ok {
		return nil, fault.New(fault.Outside, "keys: agent: the key has no plain form")
	}
	key, ok := crypto.CryptoPublicKey().(ed25519.PublicKey)
	if !ok {
		return nil, fault.New(fault.Outside, "keys: agent: the key is not Ed25519")
	}
	return hold(key, found[0].Comment, "", agentSigner(socket, pub, key))
}

func agentSigner(socket string, pub ssh.PublicKey, key ed25519.PublicKey) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) {
		var blob []byte
		err := withAgent(socket, func(a agent.Agent) error {
			sig, err := a.Sign(pub, message)
			if err == nil {
				blob = sig.Blob
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if !ed25519.Verify(key, message, blob) {
			return nil, fault.New(fault.Outside, "keys: agent: the signature does not verify")
		}
		return blob, nil
	}
}

func withAgent(socket string, use func(agent.Agent) error) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return fault.New(fault.Outside, "keys: agent: %w", err)
	}
	defer conn.Close()
	if err := use(agent.NewClient(conn)); err != nil {
		return fault.New(fault.Outside, "keys: agent: %w", err)
	}
	return nil
}
