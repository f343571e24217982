package main

import (
	"context"
	"fmt"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func checkDefaulting(ctx context.Context, w *world) error {
	if err := w.registerWithServer(ctx); err != nil {
		return err
	}
	return eventually(soon, func() error {
		gadget := w.newGadget("", 0)
		gadget.GenerateName = "defaulted-"
		if err := w.direct.Create(ctx, gadget); err != nil {
			return err
		}
		if err := expect(gadget.Spec.Color == "grey" && gadget.Spec.Owner != "", "spec: %+v", gadget.Spec); err != nil {
			return err
		}
		dry := w.newGadget("dry", 0)
		if err := w.direct.Create(ctx, dry, client.DryRunAll); err != nil {
			return err
		}
		return expect(dry.Spec.Color == "grey", "dry run: %+v", dry.Spec)
	})
}

// heard keeps the warnings of answers.
type heard struct {
	lock  sync.Mutex
	texts []string
}

func (h *heard) HandleWarningHeader(_ int, _ string, text string) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.texts = append(h.texts, text)
}

func checkValidating(ctx context.Context, w *world) error {
	if err := eventually(soon, func() error {
		err := w.direct.Create(ctx, w.newGadget("huge", 101), client.DryRunAll)
		return expect(apierrors.IsInvalid(err) && apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueInvalid), "too large: %v", err)
	}); err != nil {
		return err
	}
	warnings := &heard{}
	config := rest.CopyConfig(w.config)
	config.WarningHandler = warnings
	warned, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	kept := w.newGadget("kept", 0)
	kept.Spec.Color = "pink"
	if err := warned.Create(ctx, kept); err != nil {
		return err
	}
	if err := expect(fmt.Sprint(warnings.texts) == "[pink gadgets fade]", "warnings: %q", warnings.texts); err != nil {
		return err
	}
	err = w.direct.Patch(ctx, kept, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"owner":"eve"}}`)))
	if err := expect(apierrors.IsForbidden(err), "another owner: %v", err); err != nil {
		return err
	}
	if err := w.direct.Delete(ctx, kept); !apierrors.IsForbidden(err) {
		return fmt.Errorf("deleted: %v", err)
	}
	if err := w.direct.DeleteAllOf(ctx, &Gadget{}, client.InNamespace(w.namespace), client.MatchingFields{"metadata.name": "kept"}); !apierrors.IsForbidden(err) {
		return fmt.Errorf("deleted in a collection: %v", err)
	}
	if err := w.direct.Patch(ctx, kept, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"release":"yes"}}}`))); err != nil {
		return err
	}
	return w.direct.Delete(ctx, kept)
}

func checkFailurePolicy(ctx context.Context, w *world) error {
	none, ignore, fail := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Ignore, admissionregistrationv1.Fail
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	if err := w.direct.Get(ctx, client.ObjectKey{Name: w.namespace}, configuration); err != nil {
		return err
	}
	configuration.Webhooks = append(configuration.Webhooks, admissionregistrationv1.ValidatingWebhook{
		Name: "absent.operators.example.com", ClientConfig: w.hooks.clientConfig("/nothing"), Rules: hookRules(admissionregistrationv1.Create),
		SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, FailurePolicy: &fail, NamespaceSelector: w.here(),
	})
	if err := w.direct.Update(ctx, configuration); err != nil {
		return err
	}
	if err := eventually(soon, func() error {
		err := w.direct.Create(ctx, w.newGadget("refused", 0), client.DryRunAll)
		return expect(apierrors.IsInternalError(err), "policy Fail: %v", err)
	}); err != nil {
		return err
	}
	configuration.Webhooks[1].FailurePolicy = &ignore
	if err := w.direct.Update(ctx, configuration); err != nil {
		return err
	}
	return eventually(soon, func() error { return w.direct.Create(ctx, w.newGadget("ignored", 0), client.DryRunAll) })
}
