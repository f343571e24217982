package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
)

func checkConfigMaps(ctx context.Context, c *clients) error {
	maps := c.typed.CoreV1().ConfigMaps(c.namespace)
	wanted := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "core", Labels: map[string]string{"core": "yes"}},
		Data:       map[string]string{"a": "1"}, BinaryData: map[string][]byte{"b": {0, 255}},
	}
	created, err := maps.Create(ctx, wanted, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	read, err := c.json.CoreV1().ConfigMaps(c.namespace).Get(ctx, "core", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := expect(read.Data["a"] == "1" && string(read.BinaryData["b"]) == "\x00\xff" && read.UID == created.UID, "read as JSON: %+v", read); err != nil {
		return err
	}
	yes := true
	read.Immutable = &yes
	frozen, err := maps.Update(ctx, read, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	frozen.Data["a"] = "2"
	if _, err := maps.Update(ctx, frozen, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		return fmt.Errorf("an immutable one changed: %v", err)
	}
	wanted.ObjectMeta = metav1.ObjectMeta{Name: "both"}
	wanted.BinaryData = map[string][]byte{"a": {1}}
	_, err = maps.Create(ctx, wanted, metav1.CreateOptions{})
	return expect(apierrors.IsInvalid(err) && apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueInvalid), "a key in both: %v", err)
}

func checkSecrets(ctx context.Context, c *clients) error {
	secrets := c.typed.CoreV1().Secrets(c.namespace)
	made, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "core"}, StringData: map[string]string{"word": "open"}, Data: map[string][]byte{"raw": {0, 1}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := expect(string(made.Data["word"]) == "open" && len(made.StringData) == 0 && made.Type == corev1.SecretTypeOpaque, "made: %+v", made); err != nil {
		return err
	}
	made.Type = corev1.SecretTypeTLS
	if _, err := secrets.Update(ctx, made, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		return fmt.Errorf("another type: %v", err)
	}
	_, err = secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "tls"}, Type: corev1.SecretTypeTLS}, metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		return fmt.Errorf("a certificate without its data: %v", err)
	}
	selected, err := secrets.List(ctx, metav1.ListOptions{FieldSelector: "type=Opaque"})
	if err != nil {
		return err
	}
	return expect(len(selected.Items) == 1 && selected.Items[0].Name == "core", "%d of type Opaque", len(selected.Items))
}

// The second manager's fields stay when the first one applies less; the list of secrets is merged by name.
func checkCoreApply(ctx context.Context, c *clients) error {
	accounts := c.typed.CoreV1().ServiceAccounts(c.namespace)
	one := coreapply.ServiceAccount("applied", c.namespace).WithLabels(map[string]string{"a": "1"}).WithImagePullSecrets(coreapply.LocalObjectReference().WithName("x"))
	if _, err := accounts.Apply(ctx, one, metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	two := coreapply.ServiceAccount("applied", c.namespace).WithAutomountServiceAccountToken(false)
	if _, err := accounts.Apply(ctx, two, metav1.ApplyOptions{FieldManager: "two"}); err != nil {
		return err
	}
	if _, err := accounts.Patch(ctx, "applied", types.StrategicMergePatchType, []byte(`{"secrets":[{"name":"s1"}]}`), metav1.PatchOptions{FieldManager: "three"}); err != nil {
		return err
	}
	if _, err := accounts.Patch(ctx, "applied", types.StrategicMergePatchType, []byte(`{"secrets":[{"name":"s2"}]}`), metav1.PatchOptions{FieldManager: "three"}); err != nil {
		return err
	}
	less, err := accounts.Apply(ctx, coreapply.ServiceAccount("applied", c.namespace), metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	extracted, err := coreapply.ExtractServiceAccount(less, "two")
	if err != nil {
		return err
	}
	return errors.Join(expect(len(less.Labels) == 0 && len(less.ImagePullSecrets) == 0 && len(less.Secrets) == 2, "applied: %+v", less),
		expect(extracted.AutomountServiceAccountToken != nil && !*extracted.AutomountServiceAccountToken, "extracted: %+v", extracted))
}
