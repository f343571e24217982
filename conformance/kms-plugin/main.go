// A key management service for tests, behind Kubernetes' own library of KMS plugins (v2): AES-256-GCM under keys that are made of the
// words in a file, one a line. The first line seals, all open; the file is read for each call, so that a test can exchange keys.
package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k8s.io/kms/pkg/service"
)

const noteName = "version.kms.dataplane.example"

type keys struct{ file string }

func (k keys) words() ([]string, error) {
	text, err := os.ReadFile(k.file)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(string(text))
	if len(words) == 0 {
		return nil, errors.New("there is no key")
	}
	return words, nil
}

func aead(word string) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(word))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (k keys) Status(context.Context) (*service.StatusResponse, error) {
	words, err := k.words()
	if err != nil {
		return nil, err
	}
	return &service.StatusResponse{Version: "v2", Healthz: "ok", KeyID: words[0]}, nil
}

func (k keys) Encrypt(_ context.Context, _ string, plain []byte) (*service.EncryptResponse, error) {
	words, err := k.words()
	if err != nil {
		return nil, err
	}
	gcm, err := aead(words[0])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	notes := map[string][]byte{noteName: []byte("1")}
	return &service.EncryptResponse{Ciphertext: gcm.Seal(nonce, nonce, plain, nil), KeyID: words[0], Annotations: notes}, nil
}

func (k keys) Decrypt(_ context.Context, _ string, request *service.DecryptRequest) ([]byte, error) {
	if string(request.Annotations[noteName]) != "1" {
		return nil, errors.New("the annotations were lost")
	}
	words, err := k.words()
	if err != nil {
		return nil, err
	}
	for _, word := range words {
		if word != request.KeyID {
			continue
		}
		gcm, err := aead(word)
		if err != nil {
			return nil, err
		}
		if len(request.Ciphertext) < gcm.NonceSize() {
			return nil, errors.New("the ciphertext is too short")
		}
		return gcm.Open(nil, request.Ciphertext[:gcm.NonceSize()], request.Ciphertext[gcm.NonceSize():], nil)
	}
	return nil, fmt.Errorf("there is no key %q", request.KeyID)
}

func main() {
	socket := flag.String("socket", "", "path of the socket to listen at")
	file := flag.String("keys", "", "file with a word for each key")
	flag.Parse()
	server := service.NewGRPCService(*socket, 5*time.Second, keys{file: *file})
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ending
		server.Shutdown()
		os.Exit(0)
	}()
	log.Fatal(server.ListenAndServe())
}
