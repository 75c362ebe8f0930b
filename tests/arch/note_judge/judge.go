// judge checks with golang.org/x/mod what write_notes wrote: signatures, cosignatures, both kinds
// of proofs, and that none of them passes with a bit changed.
package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(good bool, what string) {
	if !good {
		fmt.Println("judge:", what)
		os.Exit(1)
	}
}

func lines(path string) []string {
	file, err := os.Open(path)
	must(err == nil, path)
	var all []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		all = append(all, scanner.Text())
	}
	return all
}

func hash(text string) tlog.Hash {
	var h tlog.Hash
	bytes, err := base64.StdEncoding.DecodeString(text)
	must(err == nil && len(bytes) == len(h), "hash "+text)
	copy(h[:], bytes)
	return h
}

// A witness's key, which x/mod does not know by itself.
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.id }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(w.key, append([]byte(head), msg...), sig[8:])
}

func newWitness(text string) witness {
	part := strings.SplitN(text, "+", 3)
	must(len(part) == 3, "key "+text)
	var id uint32
	_, err := fmt.Sscanf(part[1], "%08x", &id)
	key, err2 := base64.StdEncoding.DecodeString(part[2])
	must(err == nil && err2 == nil && len(key) == 33 && key[0] == 4, "key "+text)
	return witness{part[0], id, key[1:]}
}

func verifiers(folder string) note.Verifiers {
	var all []note.Verifier
	for i, text := range lines(folder + "/keys.txt") {
		if i == 0 {
			verifier, err := note.NewVerifier(text)
			must(err == nil, "log key")
			all = append(all, verifier)
		} else {
			all = append(all, newWitness(text))
		}
	}
	return note.VerifierList(all...)
}

func main() {
	folder := os.Args[1]
	message, err := os.ReadFile(folder + "/note.txt")
	must(err == nil, "note.txt")
	known := verifiers(folder)
	opened, err := note.Open(message, known)
	must(err == nil && len(opened.Sigs) == 3 && len(opened.UnverifiedSigs) == 0, "the note")
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + strings.SplitN(opened.Text, "\n", 2)[1]))
	must(err == nil && tree.N == 1000, "the checkpoint")
	for i := range message {
		changed := append([]byte{}, message...)
		changed[i] ^= 1
		again, err := note.Open(changed, known)
		must(err != nil || len(again.Sigs) < 3, "a changed note")
	}

	text := lines(folder + "/leaf.txt")
	var proof tlog.RecordProof
	for _, line := range text[1:] {
		proof = append(proof, hash(line))
	}
	record := tlog.RecordHash([]byte("leaf 123"))
	must(tlog.CheckRecord(proof, tree.N, tree.Hash, 123, record) == nil, "the leaf's proof")
	must(tlog.CheckRecord(proof, tree.N, tree.Hash, 124, record) != nil, "another leaf's proof")

	text = lines(folder + "/growth.txt")
	var growth tlog.TreeProof
	for _, line := range text[1:] {
		growth = append(growth, hash(line))
	}
	old := hash(strings.Split(text[0], " ")[1])
	must(tlog.CheckTree(growth, tree.N, tree.Hash, 700, old) == nil, "the growth's proof")
	must(tlog.CheckTree(growth, tree.N, tree.Hash, 701, old) != nil, "another growth's proof")
	fmt.Println("judge: golang.org/x/mod accepts the note, 3 signatures and both proofs")
}
