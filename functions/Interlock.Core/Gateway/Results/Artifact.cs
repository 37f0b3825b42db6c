namespace Interlock.Core.Gateway.Results;

/// <summary>A result that is kept apart: what is stored under <paramref name="Digest"/>, and whose it is. The id is unguessable.</summary>
public sealed record Artifact(string Id, string Digest, long Size, string MediaType, string Subject, RunId? Run, DateTimeOffset CreatedAt)
{
    public const string UriPrefix = "interlock://artifacts/";

    /// <summary>Whose result it is, <c>server/tool</c> or an agent's name: what a narrowed token must permit; null of those kept before it was.</summary>
    public string? Target { get; init; }

    public string Uri => UriPrefix + Id;
}
