namespace Interlock.Core.Identity;

/// <summary>A user to create.</summary>
public sealed record NewUser(string Id, string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Groups, string Password);
