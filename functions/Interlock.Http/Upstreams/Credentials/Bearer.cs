namespace Interlock.Http.Upstreams.Credentials;

/// <summary>The header of RFC 6750.</summary>
internal static class Bearer
{
    private const string Prefix = "Bearer ";

    public static CredentialHeader Header(string token) => new("Authorization", Prefix + token);

    /// <summary>The token of such a header's value.</summary>
    public static string? Token(string? value) => value?[Prefix.Length..];
}
