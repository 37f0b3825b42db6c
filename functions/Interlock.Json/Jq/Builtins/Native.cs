namespace Interlock.Json.Jq;

/// <summary>A builtin on values.</summary>
/// <param name="Name">As programs call it; one that starts with an underscore is for other builtins only.</param>
/// <param name="Arity">The number of arguments besides the input.</param>
/// <param name="Function">What it does.</param>
/// <param name="FirstIsOuter">Whether the first argument's outputs are the outer loop, and not the last one's.</param>
/// <param name="IgnoresInput">Whether the input has no influence at all.</param>
internal sealed record Native(string Name, int Arity, NativeFunction Function, bool FirstIsOuter = false, bool IgnoresInput = false);
