using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// What a document may say of authentication: the name of a secret, as <c>bearer: { use: NAME }</c> under <c>use.authentications</c> or at an endpoint. The credential itself is the registration's,
/// which must be by that secret; nothing else is taken from a document.
/// </summary>
internal static class AuthenticationReader
{
    private static readonly string[] Schemes = ["basic", "bearer", "oauth2", "oidc"];

    /// <summary>The secret's name; null, with a finding, where there is none.</summary>
    public static JsonValue? Secret(JsonValue document, FindingLog log, JsonValue authentication, string pointer)
    {
        if (authentication["use"]?.StringOrNull() is { } name)
        {
            if (document["use"]?["authentications"]?[name] is not { } named)
            {
                log.Error("reference", pointer + "/use", $"'{Quote.Short(name)}' is not defined under use.authentications");
                return null;
            }
            return Policy(document, null, named, ""); // it has its own findings
        }
        return Policy(document, log, authentication, pointer);
    }

    /// <summary>Reports what is wrong with the policies and secrets under <c>use</c>.</summary>
    public static void Check(JsonValue document, FindingLog log)
    {
        if (document["use"]?["authentications"] is not { IsObject: true } policies) return;
        foreach (var (name, policy) in policies.Members) Policy(document, log, policy, JsonPointer.Append("/use/authentications", name));
    }

    private static JsonValue? Policy(JsonValue document, FindingLog? log, JsonValue policy, string pointer)
    {
        if (Schemes.FirstOrDefault(scheme => policy[scheme] is not null) is not { } scheme)
        {
            log?.Error("unsupported", pointer, $"this scheme is not spoken; known: {string.Join(", ", Schemes)}");
            return null;
        }
        var at = $"{pointer}/{scheme}";
        if (policy[scheme]!["use"] is not { IsString: true } secret) // just found
        {
            log?.Error("secrets", at, $"credentials never come from documents: register the endpoint with its credential and name the secret here, {scheme}: {{ use: NAME }}");
            return null;
        }
        if (!SecretName.Is(secret.AsString()))
        {
            log?.Error("reference", at + "/use", $"no secret is called '{Quote.Short(secret.AsString())}': a name is {SecretName.Form}");
            return null;
        }
        if (document["use"]?["secrets"] is { IsArray: true } secrets && secrets.Items.Contains(secret)) return secret;
        log?.Error("reference", at + "/use", $"the secret '{Quote.Short(secret.AsString())}' is not listed under use.secrets");
        return null;
    }
}
