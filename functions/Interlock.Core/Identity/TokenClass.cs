namespace Interlock.Core.Identity;

/// <summary>What a token may be used for; a token of one class is refused where another is asked for (<c>token-class</c>).</summary>
public enum TokenClass
{
    /// <summary>A client of <c>/mcp</c>: calls tools, never decides.</summary>
    Mcp,

    /// <summary>A client of <c>/api</c>.</summary>
    Api,

    /// <summary>An agent inside one frame of a run; good at <c>/mcp</c> only, while that frame is pending.</summary>
    Run,

    /// <summary>An ID token that the platform's sign-in got; begins a session at the pages and opens nothing.</summary>
    SignIn,
}
