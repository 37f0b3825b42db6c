using System.Text;
using Interlock.Json;

namespace Interlock.Core.Gateway.Callbacks;

/// <summary>
/// What an agent elsewhere is given for one call: where <c>/mcp</c> is and a run token for it. It travels beside the arguments, never in them, and is never stored;
/// records name the token by its digest.
/// </summary>
public sealed record RunAccess(Uri Url, string Token, DateTimeOffset ExpiresAt)
{
    /// <summary>The member of A2A's message metadata and of MCP's <c>_meta</c> that holds it.</summary>
    public const string Meta = "interlock/mcp";

    /// <summary>Without the token: what is printed may be logged.</summary>
    public override string ToString() => $"{Url} until {ExpiresAt:O}";

    /// <summary>What came of the call without the token, wherever the agent put it: what it answers is recorded.</summary>
    internal UpstreamResult Hide(UpstreamResult result) => result switch
    {
        UpstreamResult.Completed done => done with { Output = Hide(done.Output), Result = done.Result is null ? null : Hide(done.Result), Problem = done.Problem is null ? null : Hide(done.Problem) },
        UpstreamResult.Handed handed when handed.Task.Contains(Token, StringComparison.Ordinal) => new UpstreamResult.Unknown(new Problem(ProblemTypes.Communication, 502, "The agent's task can't be asked after", "Its id holds the token that the agent was given.")),
        UpstreamResult.Rejected rejected => rejected with { Problem = Hide(rejected.Problem) },
        UpstreamResult.Unknown unknown => unknown with { Problem = Hide(unknown.Problem) },
        _ => result,
    };

    private JsonValue Hide(JsonValue value)
    {
        var text = value.ToString();
        return text.Contains(Token, StringComparison.Ordinal) ? StrictJson.ParseLenient(Encoding.UTF8.GetBytes(Hide(text))) : value; // a token has nothing that JSON escapes
    }

    private Problem Hide(Problem problem) => problem with { Detail = problem.Detail is null ? null : Hide(problem.Detail), Pause = problem.Pause is { } pause ? pause with { Task = Id(pause.Task), Context = Id(pause.Context) } : null };

    private string? Id(string? id) => id?.Contains(Token, StringComparison.Ordinal) == true ? null : id;

    private string Hide(string text) => text.Replace(Token, "[run token]", StringComparison.Ordinal);

    public JsonValue ToJson() => JsonValue.Object(("url", Url.AbsoluteUri), ("token", Token), ("expiresAt", ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)));
}
