package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func (c *clients) withToken(token string) *kubernetes.Clientset {
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = token
	return kubernetes.NewForConfigOrDie(config)
}

func (c *clients) as(user string, groups ...string) *kubernetes.Clientset {
	config := rest.CopyConfig(c.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return kubernetes.NewForConfigOrDie(config)
}

func checkAccounts(ctx context.Context, c *clients) error {
	accounts := c.typed.CoreV1().ServiceAccounts(c.namespace)
	account, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	seconds := int64(1200)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	answer, err := accounts.CreateToken(ctx, "robot", request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	name := "system:serviceaccount:" + c.namespace + ":robot"
	self, err := c.withToken(answer.Status.Token).AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	review, err := c.typed.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: answer.Status.Token}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	wrong, err := c.typed.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: answer.Status.Token + "x"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := errors.Join(expect(self.Status.UserInfo.Username == name && self.Status.UserInfo.UID == string(account.UID), "self: %+v", self.Status),
		expect(review.Status.Authenticated && review.Status.User.Username == name, "review: %+v", review.Status),
		expect(!wrong.Status.Authenticated, "a changed token: %+v", wrong.Status)); err != nil {
		return err
	}
	if err := accounts.Delete(ctx, "robot", metav1.DeleteOptions{}); err != nil {
		return err
	}
	isRefused := func() bool {
		_, err := c.withToken(answer.Status.Token).AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		return apierrors.IsUnauthorized(err)
	}
	// kube-apiserver keeps who a token is for ten seconds.
	return expect(eventuallyWithin(15*time.Second, isRefused), "the token of a deleted account is taken")
}

func checkRoles(ctx context.Context, c *clients) error {
	roles, bindings := c.typed.RbacV1().Roles(c.namespace), c.typed.RbacV1().RoleBindings(c.namespace)
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "reader"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}, ResourceNames: []string{"core"}},
		{APIGroups: []string{rbacv1.GroupName}, Resources: []string{"roles"}, Verbs: []string{"create"}},
	}}
	if _, err := roles.Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "readers"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "jane"}},
	}
	made, err := bindings.Create(ctx, binding, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	jane := c.as("jane").CoreV1().ConfigMaps(c.namespace)
	mayRead := func() bool { _, err := jane.Get(ctx, "core", metav1.GetOptions{}); return err == nil }
	if !eventually(mayRead) {
		return errors.New("a bound user may not read")
	}
	if _, err := jane.Get(ctx, "other", metav1.GetOptions{}); !apierrors.IsForbidden(err) {
		return fmt.Errorf("another name: %v", err)
	}
	more := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "more"}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}}}}
	if _, err := c.as("jane").RbacV1().Roles(c.namespace).Create(ctx, more, metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
		return fmt.Errorf("escalation: %v", err)
	}
	made.RoleRef.Name = "other"
	_, err = bindings.Update(ctx, made, metav1.UpdateOptions{})
	return expect(apierrors.IsInvalid(err), "another role in a binding: %v", err)
}

func checkAggregatedRoles(ctx context.Context, c *clients) error {
	roles := c.typed.RbacV1().ClusterRoles()
	labels := map[string]string{"gather": c.namespace}
	whole := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: c.namespace + "-all"}, AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: labels}}}}
	part := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: c.namespace + "-part", Labels: labels}, Rules: []rbacv1.PolicyRule{{NonResourceURLs: []string{"/pages/*"}, Verbs: []string{"get"}}}}
	for _, it := range []*rbacv1.ClusterRole{whole, part} {
		if _, err := roles.Create(ctx, it, metav1.CreateOptions{}); err != nil {
			return err
		}
		defer func() { _ = roles.Delete(ctx, it.Name, metav1.DeleteOptions{}) }()
	}
	hasRules := func() bool {
		found, err := roles.Get(ctx, whole.Name, metav1.GetOptions{})
		return err == nil && len(found.Rules) == 1 && found.Rules[0].NonResourceURLs[0] == "/pages/*"
	}
	return expect(eventually(hasRules), "the rules were not gathered")
}

func checkReviewsOfOthers(ctx context.Context, c *clients) error {
	attributes := func(name string) *authorizationv1.ResourceAttributes {
		return &authorizationv1.ResourceAttributes{Namespace: c.namespace, Verb: "get", Resource: "configmaps", Name: name}
	}
	client := c.typed.AuthorizationV1()
	for name, allowed := range map[string]bool{"core": true, "other": false} {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: "jane", ResourceAttributes: attributes(name)}}
		answer, err := client.SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		local := &authorizationv1.LocalSubjectAccessReview{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace}, Spec: review.Spec}
		second, err := client.LocalSubjectAccessReviews(c.namespace).Create(ctx, local, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if err := expect(answer.Status.Allowed == allowed && second.Status.Allowed == allowed, "%s: %+v, %+v", name, answer.Status, second.Status); err != nil {
			return err
		}
	}
	rules, err := c.as("jane").AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: c.namespace}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	for _, it := range rules.Status.ResourceRules {
		if len(it.ResourceNames) == 1 && it.ResourceNames[0] == "core" {
			return expect(!rules.Status.Incomplete, "the list is incomplete")
		}
	}
	return fmt.Errorf("rules: %+v", rules.Status)
}
