namespace Interlock.Core.Registry;

/// <summary>
/// Where servers and agents may be registered: absolute http and https addresses without user name or password. Commands come from nobody over the
/// API, from no import and from no document: an operator puts a bridge of his own in front of what speaks on standard input.
/// </summary>
public static class UpstreamAddress
{
    /// <summary>What asks for something else than HTTP, a command most of all.</summary>
    public const string NotHttpRule = "stdio-operator-only";

    public const string InvalidRule = "invalid-address";

    /// <summary>The address, or why it is none; the refusal names the pointer.</summary>
    public static (Uri? Address, Problem? Refusal) Read(string text, string pointer)
    {
        if (!text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            return (null, Refuse(NotHttpRule, 403, "Servers and agents are registered by http or https address. What is started as a command is never registered here; serve it over HTTP and register that.", pointer));
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && Check(address, pointer) is null ? (address, null) : (null, Invalid(pointer));
    }

    /// <summary>What is wrong with an address, or null.</summary>
    public static Problem? Check(Uri address, string pointer)
    {
        if (!address.IsAbsoluteUri) return Invalid(pointer);
        if (address.Scheme is not ("http" or "https")) return Read(address.OriginalString, pointer).Refusal;
        return address.UserInfo.Length > 0 || address.Host.Length == 0 ? Invalid(pointer) : null;
    }

    /// <summary>An address as it is recorded and shown: what a query may hold is nobody's to see.</summary>
    public static string Shown(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    private static Problem Invalid(string pointer) =>
        Refuse(InvalidRule, 400, "An address is an absolute http or https URL without user name or password.", pointer);

    private static Problem Refuse(string rule, int status, string detail, string pointer) =>
        new(status == 403 ? ProblemTypes.Refused : ProblemTypes.Validation, status, "The address can't be registered", detail, pointer) { Stage = "registry", Rule = rule };
}
