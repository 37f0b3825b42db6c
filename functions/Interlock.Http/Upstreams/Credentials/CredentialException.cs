using Interlock.Core;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>A server's credential can't be had. The problem names the step; no secret, no token and no words of a token endpoint are in it.</summary>
internal sealed class CredentialException(Problem problem) : Exception(problem.Detail)
{
    public const string Missing = "credential-missing";
    public const string CallerRequired = "caller-token-required";
    public const string Failed = "credential-failed";

    public Problem Problem { get; } = problem;

    public static CredentialException Of(string rule, string detail) =>
        new(new(rule == CallerRequired ? ProblemTypes.Authorization : ProblemTypes.Authentication, rule == CallerRequired ? 403 : 502, "The server's credential can't be had", detail) { Rule = rule });
}
