namespace Interlock.Core.Agents;

/// <summary>What one turn used: the model that answered, as its endpoint names it, and its tokens.</summary>
public sealed record ModelUse(string Model, TokenCount Tokens);
