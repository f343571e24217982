package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const (
	defaultPath  = "/mutate-operators-example-com-v1-gadget"
	validatePath = "/validate-operators-example-com-v1-gadget"
)

// hookServer is where the manager serves webhooks, with a certificate of its own.
type hookServer struct {
	port     int
	folder   string
	caBundle []byte
}

func newHookServer() (*hookServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "controller-runtime-")
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "webhooks"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDer, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(folder, "tls.crt"), certificate, 0o600); err != nil {
		return nil, err
	}
	keyPem := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDer})
	if err := os.WriteFile(filepath.Join(folder, "tls.key"), keyPem, 0o600); err != nil {
		return nil, err
	}
	return &hookServer{port: port, folder: folder, caBundle: certificate}, nil
}

// hook is both webhooks of the kind.
type hook struct{}

func registerHooks(manager ctrl.Manager) error {
	return ctrl.NewWebhookManagedBy(manager, &Gadget{}).WithDefaulter(hook{}).WithValidator(hook{}).Complete()
}

func (hook) Default(ctx context.Context, gadget *Gadget) error {
	if gadget.Spec.Color == "" {
		gadget.Spec.Color = "grey"
	}
	request, err := admission.RequestFromContext(ctx)
	if err != nil {
		return err
	}
	if request.Operation == "CREATE" && gadget.Spec.Owner == "" {
		gadget.Spec.Owner = request.UserInfo.Username
	}
	return nil
}

func (hook) ValidateCreate(_ context.Context, gadget *Gadget) (admission.Warnings, error) {
	var warnings admission.Warnings
	if gadget.Spec.Color == "pink" {
		warnings = append(warnings, "pink gadgets fade")
	}
	if gadget.Spec.Size > 100 {
		wrong := field.ErrorList{field.Invalid(field.NewPath("spec", "size"), gadget.Spec.Size, "is too large")}
		return warnings, apierrors.NewInvalid(schema.GroupKind{Group: groupVersion.Group, Kind: "Gadget"}, gadget.Name, wrong)
	}
	return warnings, nil
}

func (h hook) ValidateUpdate(ctx context.Context, before, after *Gadget) (admission.Warnings, error) {
	if before.Spec.Owner != after.Spec.Owner && before.Spec.Owner != "" {
		return nil, fmt.Errorf("the owner %s stays", before.Spec.Owner)
	}
	return h.ValidateCreate(ctx, after)
}

func (hook) ValidateDelete(_ context.Context, gadget *Gadget) (admission.Warnings, error) {
	if strings.HasPrefix(gadget.Name, "kept") && gadget.Annotations["release"] == "" {
		return nil, fmt.Errorf("%s is kept", gadget.Name)
	}
	return nil, nil
}

// clientConfig says where a path of the manager's webhooks is.
func (h *hookServer) clientConfig(path string) admissionregistrationv1.WebhookClientConfig {
	url := fmt.Sprintf("https://127.0.0.1:%d%s", h.port, path)
	return admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: h.caBundle}
}

func hookRules(operations ...admissionregistrationv1.OperationType) []admissionregistrationv1.RuleWithOperations {
	return []admissionregistrationv1.RuleWithOperations{{Operations: operations, Rule: admissionregistrationv1.Rule{
		APIGroups: []string{groupVersion.Group}, APIVersions: []string{"v1"}, Resources: []string{"gadgets"},
	}}}
}

// Only what is in the namespace of this run.
func (w *world) here() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"hooks": w.namespace}}
}

func (w *world) registerWithServer(ctx context.Context) error {
	none, fail := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Fail
	create, update, remove := admissionregistrationv1.Create, admissionregistrationv1.Update, admissionregistrationv1.Delete
	mutating := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}, Webhooks: []admissionregistrationv1.MutatingWebhook{{
		Name: "default.operators.example.com", ClientConfig: w.hooks.clientConfig(defaultPath), Rules: hookRules(create, update),
		SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, FailurePolicy: &fail, NamespaceSelector: w.here(),
	}}}
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}, Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name: "validate.operators.example.com", ClientConfig: w.hooks.clientConfig(validatePath), Rules: hookRules(create, update, remove),
		SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, FailurePolicy: &fail, NamespaceSelector: w.here(),
	}}}
	if err := w.direct.Create(ctx, mutating); err != nil {
		return err
	}
	return w.direct.Create(ctx, validating)
}

func (w *world) removeHooks(ctx context.Context) error {
	meta := metav1.ObjectMeta{Name: w.namespace}
	for _, it := range []client.Object{&admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: meta}, &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: meta}} {
		if err := w.direct.Delete(ctx, it); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
