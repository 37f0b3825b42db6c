using System.Text;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Gateway.Callbacks;

/// <summary>What an agent answers without the tokens of this installation, wherever it put them: what it answers is recorded.</summary>
internal static class TokenMask
{
    public static UpstreamResult Apply(LocalIssuer issuer, UpstreamResult result) => result switch
    {
        UpstreamResult.Completed done => done with { Output = Hide(issuer, done.Output), Result = done.Result is null ? null : Hide(issuer, done.Result), Problem = done.Problem is null ? null : Hide(issuer, done.Problem) },
        UpstreamResult.Handed handed when issuer.Hide(handed.Task) != handed.Task => new UpstreamResult.Unknown(new Problem(ProblemTypes.Communication, 502, "The agent's task can't be asked after", "Its id holds the token that the agent was given.")),
        UpstreamResult.Rejected rejected => rejected with { Problem = Hide(issuer, rejected.Problem) },
        UpstreamResult.Unknown unknown => unknown with { Problem = Hide(issuer, unknown.Problem) },
        _ => result,
    };

    private static JsonValue Hide(LocalIssuer issuer, JsonValue value)
    {
        var text = value.ToString();
        var hidden = issuer.Hide(text); // a token has nothing that JSON escapes
        return hidden == text ? value : StrictJson.ParseLenient(Encoding.UTF8.GetBytes(hidden));
    }

    private static Problem Hide(LocalIssuer issuer, Problem problem) => problem with
    {
        Detail = problem.Detail is null ? null : issuer.Hide(problem.Detail),
        Pause = problem.Pause is { } pause ? pause with { Task = Id(issuer, pause.Task), Context = Id(issuer, pause.Context) } : null,
    };

    private static string? Id(LocalIssuer issuer, string? id) => id is not null && issuer.Hide(id) == id ? id : null;
}
