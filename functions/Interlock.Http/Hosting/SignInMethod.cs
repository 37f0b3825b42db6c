using Interlock.Http.Identity;

namespace Interlock.Http.Hosting;

/// <summary>How people sign in at the pages; a host has exactly one way.</summary>
public abstract record SignInMethod
{
    private SignInMethod()
    {
    }

    /// <summary>A form that asks for a password.</summary>
    public sealed record Password(IPasswordSignIn People) : SignInMethod;

    /// <summary>The platform in front of the app asks (Easy Auth), and hands over the ID token.</summary>
    public sealed record Platform(PlatformSignIn Tokens) : SignInMethod;

    /// <summary>Nobody signs in. The reason is shown to whoever tries: it says what an operator is to do, and nothing secret.</summary>
    public sealed record Closed(string Reason) : SignInMethod;
}
